export { default } from 'selvage/workflows';
